export { compileHeaderEdits, headerEditsOf, headerIssues, type HeaderEdits, type WrittenHeaders } from './header-edits.ts'
export { encodePath, encodeQuery } from './encode.ts'
