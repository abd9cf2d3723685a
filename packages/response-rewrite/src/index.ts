export { responseRewrite } from './response-rewrite.ts'
