import type { Edges, NextPage } from '../graphql/responses.ts'

/** A page of a list, which the server calls a connection. */
export type Page<Node> = Edges<Node> & NextPage

/** Reads all pages of a list, in order. `read` returns undefined if there is no such list. */
export async function readPages<Node>(
  read: (after: string | null) => Promise<Page<Node> | undefined>,
  take: (node: Node) => void,
): Promise<void> {
  for (let after: string | null = null; ;) {
    const page: Page<Node> | undefined = await read(after)
    for (const { node } of page?.edges ?? []) take(node)
    if (page?.pageInfo.hasNextPage !== true) return
    after = page.pageInfo.endCursor
  }
}
