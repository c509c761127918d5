/** There is no server to write to at present; nothing was tried. The cause is what one of the hosts said. */
export class NoWriterError extends Error {
  override readonly name = 'NoWriterError'

  constructor(options?: ErrorOptions) {
    super('No server accepts writes at present', options)
  }
}
