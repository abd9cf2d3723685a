export { aimlapi } from './aimlapi.ts'
