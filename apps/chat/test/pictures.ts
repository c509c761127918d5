import type { Locator } from 'playwright-core'
import type { Screen } from './app.ts'

/** A picture that the page makes itself. */
export type Pasted = Readonly<{ name: string; width?: number; height?: number }>

/** Pastes a picture into the composer, as a screenshot would be. Noise does not compress: 1500 × 1200 are 5 MB. */
export async function pastePicture(
  screen: Screen,
  { name, width = 640, height = 480 }: Pasted,
  isNoise = false,
): Promise<void> {
  await screen.evaluate(
    async ({ name, width, height, isNoise }) => {
      const canvas = Object.assign(document.createElement('canvas'), { width, height })
      const context = canvas.getContext('2d') as CanvasRenderingContext2D
      const sky = context.createLinearGradient(0, 0, 0, height)
      for (const [at, color] of [
        [0, '#274690'],
        [0.5, '#f4a259'],
        [1, '#8cb369'],
      ] as const)
        sky.addColorStop(at, color)
      context.fillStyle = sky
      context.fillRect(0, 0, width, height)
      context.fillStyle = '#fff6d6'
      context.beginPath()
      context.arc(width * 0.7, height * 0.35, Math.min(width, height) * 0.12, 0, 7)
      context.fill()
      if (isNoise) {
        const pixels = context.getImageData(0, 0, width, height)
        const { data } = pixels
        for (let at = 0; at < data.length; at += 65_536)
          crypto.getRandomValues(data.subarray(at, at + 65_536))
        for (let at = 3; at < data.length; at += 4) data[at] = 255
        context.putImageData(pixels, 0, 0)
      }
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
      const clipboardData = new DataTransfer()
      clipboardData.items.add(new File([blob as Blob], name, { type: 'image/png' }))
      const field = document.querySelector('.composer-input')
      field?.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    },
    { name, width, height, isNoise },
  )
  await screen.getByRole('img', { name }).waitFor()
}

/** Whether the browser has decoded the picture. */
export function isSharp(picture: Locator): Promise<boolean> {
  return picture.evaluate((element) => {
    const { complete, naturalWidth } = element as HTMLImageElement
    return complete && naturalWidth > 0
  })
}
