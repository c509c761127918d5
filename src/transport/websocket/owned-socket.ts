import { type RawData, WebSocket } from 'ws'

/** Hears what happens on a WebSocket. */
export type SocketOwner = Readonly<{
  /** The peer has sent a ping or a pong. */
  recordActivity(): void
  receive(data: RawData, isBinary: boolean): void
  handleSocketError(error: Error): void
  handleSocketClose(): void
}>

/**
 * A WebSocket with an owner. All of them share their listeners, which find the owner by their `this`. Four closures for
 * each connection would take more memory than the connection itself.
 */
export class OwnedSocket extends WebSocket {
  owner: SocketOwner | undefined

  attach(owner: SocketOwner): void {
    this.owner = owner
    this.on('ping', onActivity)
      .on('pong', onActivity)
      .on('message', onMessage)
      .on('error', onError)
      .on('close', onClose)
  }
}

function onActivity(this: WebSocket): void {
  ownerOf(this)?.recordActivity()
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  ownerOf(this)?.receive(data, isBinary)
}

function onError(this: WebSocket, error: Error): void {
  ownerOf(this)?.handleSocketError(error)
}

function onClose(this: WebSocket): void {
  ownerOf(this)?.handleSocketClose()
}

function ownerOf(socket: WebSocket): SocketOwner | undefined {
  return (socket as OwnedSocket).owner
}
