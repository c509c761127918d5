import {
  type ASTVisitor,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql'

const CONDITIONAL = ['skip', 'include']

/**
 * A rule of validation: the root field of a subscription is not conditional, as the GraphQL specification of September
 * 2025 says (5.2.4.1). If the only field is skipped, graphql-js 16 fails with an error that is none of the client's.
 */
export function subscriptionRootRule(context: ValidationContext): ASTVisitor {
  /** Checks each fragment once, however often it is spread. */
  function check({ selections }: SelectionSetNode, checked: Set<string>): void {
    for (const selection of selections) {
      reportCondition(selection)
      if (selection.kind === Kind.INLINE_FRAGMENT) check(selection.selectionSet, checked)
      if (selection.kind !== Kind.FRAGMENT_SPREAD || checked.has(selection.name.value)) continue
      checked.add(selection.name.value)
      const fragment = context.getFragment(selection.name.value)
      if (fragment) check(fragment.selectionSet, checked)
    }
  }

  function reportCondition({ directives = [] }: SelectionNode): void {
    const condition = directives.find(({ name }) => CONDITIONAL.includes(name.value))
    if (condition === undefined) return
    const message = `A subscription cannot use @${condition.name.value} on its root field. Start or end the subscription instead.`
    context.reportError(new GraphQLError(message, { nodes: condition }))
  }

  return {
    OperationDefinition({ operation, selectionSet }) {
      if (operation === OperationTypeNode.SUBSCRIPTION) check(selectionSet, new Set())
      return false
    },
    FragmentDefinition: () => false,
  }
}
