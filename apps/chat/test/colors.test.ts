import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const STYLES = new URL('../src/styles/controls.css', import.meta.url)
const COLORS = 8

type Rgb = readonly [number, number, number]

function parse(hex: string): Rgb {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as unknown as Rgb
}

/** The contrast with white, as WCAG defines it. */
function contrast(hex: string): number {
  const [red, green, blue] = parse(hex).map((value) =>
    value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  ) as unknown as Rgb
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
}

/** In degrees. */
function hue(hex: string): number {
  const [red, green, blue] = parse(hex)
  return ((Math.atan2(Math.sqrt(3) * (green - blue), 2 * red - green - blue) * 180) / Math.PI + 360) % 360
}

test('the colours of avatars differ in hue and carry white initials, all with the same contrast', async () => {
  const css = await readFile(STYLES, 'utf8')
  const colors = [...css.matchAll(/\.avatar-color-\d \{\s*--from: (#\w{6});\s*--to: (#\w{6});/g)]
  expect(colors).toHaveLength(COLORS)
  for (const [, from = '', to = ''] of colors) {
    // Initials of list rows are small, so they need 4.5.
    expect(contrast(from)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(from)).toBeLessThan(4.8)
    expect(contrast(to)).toBeGreaterThan(contrast(from))
  }
  const hues = colors.map(([, from = '']) => hue(from)).toSorted((a, b) => a - b)
  const gaps = hues.map((each, index) => ((hues[index + 1] ?? (hues[0] ?? 0) + 360) - each + 360) % 360)
  expect(Math.min(...gaps)).toBeGreaterThan(15)
})
