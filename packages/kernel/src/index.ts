export { Type, type Static, type TBoolean, type TOptional, type TSchema, type TString } from '@sinclair/typebox'
export { asHttpError } from './as-http-error.ts'
export { bytesSource, RequestBody, tooLarge, type BodySource } from './body.ts'
export { ChainBuilder, type ChainSpec } from './chain-builder.ts'
export { abandoned, Chain, type FormatError } from './chain.ts'
export { systemClock, type Clock } from './clock.ts'
export { ConsumerDirectory } from './consumer-directory.ts'
export { keyRing, type ConsumerInfo, type Consumers, type Credential, type PreparedConsumer, type PreparedCredential } from './consumers.ts'
export { checkAddition, CountersUnavailableError, MemoryCounters, type Addition, type Count, type Counters } from './counters.ts'
export { ConfigError, formatPath, HttpError, PluginError, type HttpErrorOptions, type Issue } from './errors.ts'
export {
  Exchange,
  type Delivery,
  type ExchangeInit,
  type ExchangeRequest,
  type RouteInfo,
  type RequestTarget,
} from './exchange.ts'
export { formatError } from './format-error.ts'
export { headerMap, headerOf, headerText, type HeaderMap } from './headers.ts'
export { Kernel, type CredentialPreparation, type KernelEvents, type KernelOptions, type Preparation, type Prepared } from './kernel.ts'
export { lendReply, streamOf, takeLoan, type Loan } from './lent-reply.ts'
export { logExtras } from './log-extras.ts'
export { silent, type Logger } from './logger.ts'
export { identityHeaders, isIdentityHeader } from './identity-headers.ts'
export { isSecretName, maskQuery } from './mask-query.ts'
export { MetaSchema } from './meta.ts'
export { nearestOf } from './nearest-of.ts'
export type { Answer } from './onion.ts'
export { outcomes, type Outcome } from './outcome.ts'
export { PieceList } from './piece-list.ts'
export { phases, type Phase } from './phase.ts'
export {
  definePlugin,
  isPlugin,
  type Awaitable,
  type Hooks,
  type Host,
  type Next,
  type Offer,
  type Owner,
  type Plugin,
  type PluginDefinition,
} from './plugin.ts'
export { cookieOf, hidePresented, notePresented, presentedIn, presentFor, type CredentialPlace } from './presented.ts'
export { bodyLength, cancelBody, isStream, json, type Reply, type ReplyBody, type ReplyStream, type Sink } from './reply.ts'
export { check, oneOf, schemaProblem } from './schema.ts'
export { slot, type Slot } from './slot.ts'
export { TimeSlice } from './time-slice.ts'
export type { UpstreamRecord } from './upstream.ts'
export { variableNames } from './variables.ts'
