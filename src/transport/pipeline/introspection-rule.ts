import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql'

const FIELDS: ReadonlySet<string> = new Set(['__schema', '__type'])

/**
 * A rule of validation against introspection, as NoSchemaIntrospectionCustomRule of graphql-js. GraphiQL shows its
 * message to explain why it has no schema.
 */
export function introspectionRule(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (FIELDS.has(node.name.value)) context.reportError(new GraphQLError(IS_OFF, { nodes: node }))
    },
  }
}

const IS_OFF =
  'GraphQL introspection has been disabled on this server, so tools such as GraphiQL have no schema. The operator can set INTROSPECTION=on.'
