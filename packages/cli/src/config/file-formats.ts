/** Whose format a file of resources has. */
export const fileFormats = ['sluice', 'a7', 'adc', 'apisix'] as const

export type FileFormat = (typeof fileFormats)[number]
