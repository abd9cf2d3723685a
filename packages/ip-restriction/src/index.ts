export { ipRestriction } from './ip-restriction.ts'
