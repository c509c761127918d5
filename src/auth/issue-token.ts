import { SignJWT } from 'jose'

/** The claims of a new token. `Claims` describes how the verifier reads them. */
export type TokenClaims = Readonly<{
  subject: string
  name?: string
  picture?: string
  issuer?: string
  audience?: string
  /** Undefined if the token does not expire. */
  expiresAt?: Date
}>

/** Signs a token (HS256), as the product's backend would. For development, tests and the command line. */
export function issueToken(secret: string, claims: TokenClaims): Promise<string> {
  const { subject, name, picture, issuer, audience, expiresAt } = claims
  const token = new SignJWT({
    ...(name === undefined ? {} : { name }),
    ...(picture === undefined ? {} : { picture }),
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(subject)
    .setIssuedAt()
  if (issuer !== undefined) token.setIssuer(issuer)
  if (audience !== undefined) token.setAudience(audience)
  if (expiresAt !== undefined) token.setExpirationTime(expiresAt)
  return token.sign(new TextEncoder().encode(secret))
}
