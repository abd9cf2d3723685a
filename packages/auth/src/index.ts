export { attach } from './attach.ts'
export { gateFields, headerField, type GateConfig } from './gate-fields.ts'
export { createGate, type Gate, type Refusal } from './gate.ts'
export { presentedInCookie, presentedInHeader, presentedInQuery } from './presented-in.ts'
