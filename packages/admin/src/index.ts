export { createAdmin } from './admin.ts'
export type { AdminKey } from './admin-key.ts'
export type { AdminOptions } from './call.ts'
export { createControl, type ControlOptions } from './control.ts'
