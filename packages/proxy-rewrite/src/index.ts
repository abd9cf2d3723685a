export { proxyRewrite } from './proxy-rewrite.ts'
