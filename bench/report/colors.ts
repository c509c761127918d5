/** Colours of charts on a light background. */
export const COLORS = {
  background: '#ffffff',
  text: '#1f2328',
  muted: '#59636e',
  grid: '#d8dee4',
  axis: '#818b98',
  blue: '#0969da',
  red: '#cf222e',
  green: '#1a7f37',
  orange: '#bc4c00',
  purple: '#8250df',
  grey: '#6e7781',
  // Stretches behind the lines.
  shade: '#eef4fb',
  warning: '#fff3cd',
  danger: '#fbdcdf',
} as const

/** The colours of series that name none, in order. */
export const PALETTE = [COLORS.blue, COLORS.red, COLORS.green, COLORS.orange, COLORS.purple]

const DARK: Readonly<Record<keyof typeof COLORS, string>> = {
  background: '#0d1117',
  text: '#f0f6fc',
  muted: '#9198a1',
  grid: '#262c36',
  axis: '#656c76',
  blue: '#4493f8',
  red: '#f85149',
  green: '#3fb950',
  orange: '#db6d28',
  purple: '#ab7df8',
  grey: '#8b949e',
  shade: '#151f2e',
  warning: '#3b2f0a',
  danger: '#4a1a1f',
}

/** Lets an SVG follow the colour scheme of its reader. A program without CSS shows the light colours. */
export function withDarkColors(svg: string): string {
  const rules = (Object.keys(COLORS) as (keyof typeof COLORS)[]).flatMap((name) =>
    ['fill', 'stroke'].map((what) => `[${what}="${COLORS[name]}"]{${what}:${DARK[name]}}`),
  )
  const style = `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`
  return svg.replace(/<svg[^>]*>/, (tag) => `${tag}\n${style}`)
}
