import { expect, test } from 'vitest'
// @ts-expect-error plain JavaScript without types, for any version of Node.js
import * as npmParent from '../../../bin/npm-parent.js'

const { startsParley } = npmParent as { startsParley: (script: string) => boolean }

test.each([
  'parley',
  "'parley'",
  'parley serve',
  'node bin/parley.js serve',
  'node ./node_modules/parley/bin/parley.js serve',
  'PORT=4100 NODE_ENV=production parley serve 2>&1',
  'parley migrate && parley serve',
])('the gateway of the npm script "%s" stops when npm ends', (script) => {
  expect(startsParley(script)).toBe(true)
})

test.each([
  '',
  'node server.js',
  'vitest run',
  'parley serve &',
  'parley serve > log 2>&1 & echo $!',
  'nohup parley serve',
  'nohup node bin/parley.js serve &',
  'setsid parley serve',
  'pm2 start node_modules/.bin/parley -- serve',
  'node apps/my-parley.js.map',
])('the gateway of the npm script "%s" outlives npm', (script) => {
  expect(startsParley(script)).toBe(false)
})
