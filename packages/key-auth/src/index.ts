export { keyAuth } from './key-auth.ts'
