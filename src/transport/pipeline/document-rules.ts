import { NoSchemaIntrospectionCustomRule, execute, subscribe, validate } from 'graphql'
import type { DocumentNode, GraphQLError, GraphQLSchema, ValidationRule } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { parseWithinLimits } from '../../api/limits.ts'
import { toDocumentError, hintHttp } from '../../api/masking.ts'

/** What documents may do besides being valid. */
export type DocumentRules = Readonly<{
  /** Whether clients may ask for the schema, and are told what they may have meant. */
  introspection: boolean
}>

/** More than a client can use, and the cost of a document that is wrong everywhere. */
const MAX_VALIDATION_ERRORS = 20

/**
 * The rules for documents, the same for both transports: limits while parsing, then validation, whose errors become
 * the client's here, because what is cached after this is the finished error.
 */
export function useDocumentRules({ introspection }: DocumentRules): Plugin {
  const options = { maxErrors: MAX_VALIDATION_ERRORS, hideSuggestions: !introspection }
  return {
    onParse({ setParseFn }) {
      setParseFn(parseWithinLimits)
    },
    onValidate({ addValidationRule, setValidationFn }) {
      if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule)
      setValidationFn((schema: GraphQLSchema, document: DocumentNode, rules?: readonly ValidationRule[]) =>
        validate(schema, document, rules, options),
      )
      return ({ valid, result, setResult }) => {
        // Envelop types them as any kind of error; those of graphql-js are all of this kind.
        if (!valid) setResult((result as readonly GraphQLError[]).map(asRequestError))
      }
    },
    // graphql-js itself and not the executor that comes with Yoga: fewer layers around every event of a stream.
    onExecute({ args, setExecuteFn }) {
      Object.assign(args, { hideSuggestions: !introspection })
      setExecuteFn(execute)
    },
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
