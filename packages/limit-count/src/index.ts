export { limitCount } from './limit-count.ts'
