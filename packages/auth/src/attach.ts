import { identityHeaders, type ConsumerInfo, type Exchange, type HeaderMap } from '@sluice/kernel'

/** Makes somebody the consumer of an exchange, and tells an upstream so. */
export function attach(ctx: Exchange, consumer: ConsumerInfo): void {
  ctx.consumer = consumer
  const { headers } = ctx.request
  tell(headers, identityHeaders.consumer, consumer.name)
  tell(headers, identityHeaders.credential, consumer.credentialId)
  tell(headers, identityHeaders.customId, consumer.labels?.['custom_id'])
}

function tell(headers: HeaderMap, name: string, value: string | undefined): void {
  if (value !== undefined) headers[name] = onTheWire(value)
  else if (headers[name] !== undefined) delete headers[name]
}

/** Headers are bytes, and strings of them Latin-1: what is not ASCII goes as UTF-8, and what no header can carry stays behind. */
function onTheWire(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  return Buffer.from(text.replaceAll(/[\x00-\x1f\x7f]/g, '')).toString('latin1')
}
