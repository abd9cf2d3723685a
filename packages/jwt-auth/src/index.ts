export { jwtAuth, jwtClaims } from './jwt-auth.ts'
