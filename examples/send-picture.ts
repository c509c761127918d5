// Sends a picture to one person: TOKEN=… npm run example examples/send-picture.ts user_bob sea.jpg 'A calm sea'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { createParleyClient } from '@parley/client'
import { fileUploads, withAltText } from '@parley/client/uploads'

const { URL: url = 'http://localhost:4000/graphql', TOKEN: token = '' } = process.env
const [, , userId = 'user_bob', path = '', altText = ''] = process.argv

const client = createParleyClient({ url, token, uploads: fileUploads() })
await client.start()
const { id } = await client.startDirectChat(userId)
const chat = client.chat(id)

// The server finds out by the content that it is a picture.
const picture = new File([new Uint8Array(await readFile(path))], basename(path))
const { clientMessageId } = await chat.send({
  body: 'Look at this',
  attachments: [withAltText(picture, altText)],
})

const { promise: isOver, resolve } = Promise.withResolvers<void>()
chat.subscribe(() => {
  const message = chat.getSnapshot().messages.find((one) => one.clientMessageId === clientMessageId)
  const address = message?.attachments[0]?.url ?? ''
  // Until the server has the picture, its address is one of this process.
  const isSent = address.startsWith('http')
  if (isSent) console.log(address)
  if (message?.status === 'failed') console.error(`Not sent: ${message.error?.message}`)
  if (isSent || message?.status === 'failed') resolve()
})
await isOver
await client.close()
