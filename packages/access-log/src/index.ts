export { AccessLog, type AccessLogOptions } from './access-log.ts'
export { compileFormat, type CompiledFormat, type LogFormat } from './compile-format.ts'
export { defaultFormat } from './default-format.ts'
export { logExtras } from './log-extras.ts'
