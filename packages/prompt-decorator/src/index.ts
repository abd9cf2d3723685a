export { promptDecorator } from './prompt-decorator.ts'
