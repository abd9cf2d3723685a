export { promptTemplate } from './prompt-template.ts'
