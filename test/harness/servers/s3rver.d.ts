declare module 's3rver' {
  /** A server with the API of S3, which keeps its objects in a folder. Its keys are S3RVER and S3RVER. */
  export default class S3rver {
    constructor(
      options: Readonly<{
        address: string
        port: number
        directory: string
        silent: boolean
        configureBuckets: readonly Readonly<{ name: string }>[]
      }>,
    )
    run(): Promise<Readonly<{ address: string; port: number }>>
    close(): Promise<void>
  }
}
