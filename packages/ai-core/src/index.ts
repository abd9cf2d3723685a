export type { Usage } from '@sluice/dialects'
export type { Dialect } from '@sluice/provider'
export { accountSlot, openAccount, usageOf, type Account, type UsageSource } from './account.ts'
export {
  aiRequestIn,
  aiRequestOf,
  detectDialect,
  isStreaming,
  readAiRequest,
  refuseDuplicates,
  textMember,
  type AiRequest,
  type PassedRequest,
  type SpokenRequest,
} from './ai-request.ts'
export { editEvents, endReply, type Ending, type EventEditor, type ReplyEvent, type Verdict } from './edit-events.ts'
export { clientDialect, formatError } from './format-error.ts'
export { listEvents, wantsList } from './listed-events.ts'
export { asksForModels, modelsReply, offeredModelsSlot, type OfferedModels } from './offered-models.ts'
export { framingOf } from './framing-of.ts'
export { estimateTokens } from './estimate-tokens.ts'
export { callOfPath, dialectOfPath, passedOperation } from './operation.ts'
export type { PathCall } from './path-call.ts'
export { awaitsEvents, commentFor, restOfStream } from './rest-of-stream.ts'
export { tapReply, type Tap } from './tap-events.ts'
export { instanceFiltersSlot, targetSlot, type InstanceFilter, type Target } from './target.ts'
export { aiVariables } from './variables.ts'
