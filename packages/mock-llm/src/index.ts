export type { Script, Stall } from './script.ts'
export type { Closed, SeenRequest } from './seen-requests.ts'
export { startMockLlm, type MockLlm, type MockOptions } from './start-mock-llm.ts'
