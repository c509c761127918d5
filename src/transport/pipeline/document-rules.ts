import { subscribe, validate } from 'graphql'
import type { DocumentNode, GraphQLError, GraphQLSchema, ValidationRule } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { parseWithinLimits } from '../../api/limits.ts'
import { toDocumentError, hintHttp } from '../../api/masking.ts'
import { introspectionRule } from './introspection-rule.ts'
import { subscriptionRootRule } from './subscription-root-rule.ts'

export type DocumentRules = Readonly<{
  /** Whether clients may query the schema and get suggestions in errors. */
  introspection: boolean
}>

/** Bounds the cost of a document that is wrong everywhere. No client needs more errors. */
const MAX_VALIDATION_ERRORS = 20

/**
 * The rules for documents, the same for both transports: limits when parsing, then validation. The errors of validation
 * are converted for the client here, because the finished errors are cached after this.
 */
export function useDocumentRules({ introspection }: DocumentRules): Plugin {
  const options = { maxErrors: MAX_VALIDATION_ERRORS, hideSuggestions: !introspection }
  return {
    onParse({ setParseFn }) {
      setParseFn(parseWithinLimits)
    },
    onValidate({ addValidationRule, setValidationFn }) {
      if (!introspection) addValidationRule(introspectionRule)
      setValidationFn((schema: GraphQLSchema, document: DocumentNode, rules?: readonly ValidationRule[]) => {
        // First and alone: a rule of graphql-js throws at what this one reports.
        const atRoot = validate(schema, document, [subscriptionRootRule], options)
        return atRoot.length > 0 ? atRoot : validate(schema, document, rules, options)
      })
      return ({ valid, result, setResult }) => {
        // The type in Envelop is unknown, but all errors of graphql-js are GraphQLErrors.
        if (!valid) setResult((result as readonly GraphQLError[]).map(asRequestError))
      }
    },
    // Use graphql-js and not the executor of Yoga: it has fewer layers around each event of a stream.
    onSubscribe({ args, setSubscribeFn }) {
      Object.assign(args, { hideSuggestions: !introspection })
      setSubscribeFn(subscribe)
    },
  }
}

function asRequestError(error: GraphQLError): GraphQLError {
  const finished = toDocumentError(error)
  hintHttp(finished, { status: 400, spec: true })
  return finished
}
