import { SignJWT } from 'jose'

/** What a token is to say; see `Claims` for what becomes of it. */
export type TokenClaims = Readonly<{
  subject: string
  name?: string
  picture?: string
  issuer?: string
  audience?: string
  /** Undefined: it does not expire. */
  expiresAt?: Date
}>

/** Signs a token (HS256) as a product's own backend would, for development, tests and the command line. */
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
