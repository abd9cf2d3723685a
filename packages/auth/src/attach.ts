import { headerText, identityHeaders, type ConsumerInfo, type Exchange, type HeaderMap } from '@sluice/kernel'

/** Makes somebody the consumer of an exchange, and tells an upstream so. */
export function attach(ctx: Exchange, consumer: ConsumerInfo): void {
  ctx.consumer = consumer
  const { headers } = ctx.request
  tell(headers, identityHeaders.consumer, consumer.name)
  tell(headers, identityHeaders.credential, consumer.credentialId)
  tell(headers, identityHeaders.customId, consumer.labels?.['custom_id'])
}

function tell(headers: HeaderMap, name: string, value: string | undefined): void {
  if (value !== undefined) headers[name] = headerText(value)
  else if (headers[name] !== undefined) delete headers[name]
}
