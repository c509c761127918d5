import { basename, resolve } from 'node:path'
import { startGateway } from '../servers/gateway.ts'
import { SECRET } from '../servers/place.ts'
import { type Target, targetOf } from './target.ts'

export const HERE = resolve(import.meta.dirname, '..', '..')

/** Parley of this checkout. */
export const parley: Target = parleyOf('parley', HERE)

/** Parley of another checkout, to compare a change with the state before it. */
export function baselineOf(folder: string): Target {
  return parleyOf(`baseline:${basename(resolve(folder))}`, resolve(folder))
}

function parleyOf(name: string, root: string): Target {
  return targetOf({
    name,
    path: '/graphql',
    prepare: (place) => place.createDatabase(`${name} ${Date.now()}`),
    startGateway: (parts) => startGateway({ ...parts, root, secret: SECRET }),
  })
}
