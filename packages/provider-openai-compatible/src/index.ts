export { openaiCompatible } from './openai-compatible.ts'
