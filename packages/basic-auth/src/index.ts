export { basicAuth } from './basic-auth.ts'
