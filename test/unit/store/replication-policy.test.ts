import { expect, test } from 'vitest'
import { replicationRisk } from '../../../src/store/sql/replication-policy.ts'

test.each([
  [true, 1, 1, undefined],
  [true, 2, null, undefined],
  [true, 0, 0, 'No standby is connected'],
  [true, 1, 0, 'None of the standbys is synchronous'],
  [false, 1, 0, 'Replication is asynchronous'],
  [false, 0, 0, 'There is no standby'],
])(
  'synchronous %s, %i standbys of which %s are waited for: %s',
  (isSynchronous, standbys, synchronousStandbys, risk) => {
    const said = replicationRisk({ isSynchronous, standbys, synchronousStandbys })
    if (risk === undefined) expect(said).toBeUndefined()
    else expect(said).toContain(risk)
  },
)
