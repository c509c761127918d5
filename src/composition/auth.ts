import { createRevocationCommands } from '../auth/revocation-commands.ts'
import { createRevocations, type Revocations } from '../auth/revocations.ts'
import { createAuthenticator, type Authenticator } from '../auth/session.ts'
import { createTokenVerifier } from '../auth/tokens.ts'
import type { Users } from '../users/users.ts'
import type { Foundation } from './foundation.ts'

/** Verifies tokens, and knows those that were revoked. */
export type Auth = Readonly<{ authenticator: Authenticator; revocations: Revocations }>

export function wireAuth({ config, secrets, clock, database, logger }: Foundation, users: Users): Auth {
  const commands = createRevocationCommands({ writer: database.operatorWriter })
  const revocations = createRevocations({ commands, clock, logger })
  const authenticator = createAuthenticator({
    verifier: createTokenVerifier({ auth: config.auth, secret: secrets.authSecret, clock }),
    async provision({ userId: id, name, avatarUrl, issuedAt }) {
      await users.provision({ id, name, avatarUrl, issuedAt })
    },
    revocations,
  })
  return { authenticator, revocations }
}
