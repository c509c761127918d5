/* oxlint-disable typescript/no-deprecated, typescript/unbound-method -- dependency-cruiser uses this Visitor, and the
   method is called with its object. */
import { Visitor } from '@swc/core/Visitor.js'
import type { Statement, VariableDeclaration } from '@swc/core'

/** swc parses `using x = …` into this node, but its own types and its visitor do not know it. */
type UsingDeclaration = Readonly<{
  type: 'UsingDeclaration'
  decls: VariableDeclaration['declarations']
  span: VariableDeclaration['span']
}>

/**
 * Lets dependency-cruiser read files that contain `using`. It visits swc's syntax tree with swc's Visitor, whose
 * visitStatement throws "Unknown statement type: UsingDeclaration". For finding imports, `using` is like `const`.
 */
export function teachUsingToSwc(): void {
  Visitor.prototype.visitStatement = visitStatement
}

// Taken from the prototype once, so that a second call does not wrap it again.
const visitKnownStatement = Visitor.prototype.visitStatement

function visitStatement(this: InstanceType<typeof Visitor>, node: Statement | UsingDeclaration): Statement {
  if (node.type !== 'UsingDeclaration') return visitKnownStatement.call(this, node)
  const { decls: declarations } = node
  const declaration: VariableDeclaration = {
    ...node,
    type: 'VariableDeclaration',
    kind: 'const',
    declare: false,
    declarations,
  }
  return this.visitVariableDeclaration(declaration)
}
