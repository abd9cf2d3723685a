import { formatPath } from '@sluice/kernel'
import type { FieldChange } from './compare.ts'
import { shownField, type ShowOptions } from './shown-field.ts'
import type { Change, Plan } from './plan.ts'

/** A plan for programs, secrets masked. */
export function planValue({ changes, unsure, same, kept, left }: Plan, options: ShowOptions): object {
  return {
    changes: changes.map((change) => changeValue(change, options)),
    secrets_not_compared: unsure.map(({ kind, id, comparison }) => ({ kind, id, fields: comparison.unsure.map(formatPath) })),
    same,
    kept,
    left_out: left,
  }
}

function changeValue(change: Change, options: ShowOptions): object {
  const { action, kind, id } = change
  switch (action) {
    case 'create':
      return { action, kind, id, value: options.mask(kind, id, change.wanted.value) }
    case 'update':
      return { action, kind, id, fields: change.comparison.changes.map((field: FieldChange) => ({ path: formatPath(field.path), ...shownField(field, change, options) })) }
    case 'delete':
      return { action, kind, id }
  }
}
