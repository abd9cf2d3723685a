export { consumerRestriction } from './consumer-restriction.ts'
