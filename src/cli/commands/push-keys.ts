import { newVapidPair } from '../../followers/push/credentials.ts'
import type { RunCommand } from '../process.ts'

/** Prints a new pair of VAPID as lines for an environment file. Parley derives the public key from the private one. */
export const printPushKeys: RunCommand = ({ print, notice }) => {
  const { publicKey, privateKey } = newVapidPair()
  print(`PUSH_VAPID_KEY=${privateKey}`)
  print('PUSH_VAPID_SUBJECT=mailto:you@example.com')
  notice(`The public key is ${publicKey}. Apps read it from serverInfo.push.webPushKey.`)
  return Promise.resolve(0)
}
