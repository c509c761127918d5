import { jwtVerify } from 'jose'

/** The signed-in user. */
export type Viewer = Readonly<{ id: string; name: string }>

const secret = new TextEncoder().encode(process.env['AUTH_SECRET'])

/** Verifies the token of a connection. */
export async function viewerOf(params: Readonly<Record<string, unknown>> | undefined): Promise<Viewer> {
  const { payload } = await jwtVerify(String(params?.['authorization']).replace('Bearer ', ''), secret)
  const { sub = '', name } = payload as { sub?: string; name?: string }
  return { id: `user_${sub}`, name: name ?? sub }
}
