export { createParleyApollo, type ParleyApollo, type ParleyApolloOptions } from './create-parley-apollo.ts'
export { parleyPossibleTypes, parleyTypePolicies } from './policies.ts'
