import { existsSync, globSync, lstatSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { resolve, type ResolutionContext } from 'metro-resolver'

type Package = ReturnType<ResolutionContext['getPackage']>

/** Resolves an import as Metro, the bundler of React Native, does with its default settings. Throws if it cannot. */
export function resolveWithMetro(originModulePath: string, specifier: string): string {
  const getPackage = (file: string): Package =>
    existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Package) : null
  const context: ResolutionContext = {
    allowHaste: false,
    assetExts: new Set(['png']),
    customResolverOptions: {},
    dev: false,
    disableHierarchicalLookup: false,
    doesFileExist: existsSync,
    extraNodeModules: null,
    fileSystemLookup: (file) =>
      existsSync(file)
        ? {
            exists: true,
            type: lstatSync(realpathSync(file)).isDirectory() ? 'd' : 'f',
            realPath: realpathSync(file),
          }
        : { exists: false },
    getPackage,
    // oxlint-disable-next-line typescript/no-deprecated -- still required.
    getPackageForModule(file) {
      for (let folder = file; folder !== path.dirname(folder); folder = path.dirname(folder)) {
        const packageJson = getPackage(path.join(folder, 'package.json'))
        if (packageJson !== null && packageJson !== undefined)
          return { packageJson, rootPath: folder, packageRelativePath: path.relative(folder, file) }
      }
      return null
    },
    isESMImport: true,
    mainFields: ['react-native', 'browser', 'main'],
    nodeModulesPaths: [],
    originModulePath,
    preferNativePlatform: true,
    redirectModulePath: (file) => file,
    resolveAsset: () => null,
    resolveHasteModule: () => null,
    resolveHastePackage: () => null,
    resolveRequest: null,
    sourceExts: ['js', 'mjs', 'json'],
    unstable_conditionNames: [],
    unstable_conditionsByPlatform: { ios: ['react-native'], android: ['react-native'], web: ['browser'] },
    unstable_enablePackageExports: true,
    unstable_incrementalResolution: false,
    unstable_logWarning: (message: string) => {
      throw new Error(message)
    },
  }
  const resolution = resolve(context, specifier, 'ios')
  if (resolution.type !== 'sourceFile') throw new Error(`${specifier} is no source file`)
  return resolution.filePath
}

/** The specifiers that the files of a folder import, with the file of each. */
export function importsOf(folder: string): readonly Readonly<{ file: string; specifier: string }>[] {
  return globSync('**/*.js', { cwd: folder }).flatMap((name) => {
    const file = path.join(folder, name)
    const imports = readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)
    return [...imports].map(([, specifier = '']) => ({ file, specifier }))
  })
}
