export { vertexAi } from './vertex-ai.ts'
