export { Document } from './document.ts'
export { JsonSyntaxError } from './json-syntax-error.ts'
export type { Path } from './path.ts'
export type { Kind } from './text.ts'
