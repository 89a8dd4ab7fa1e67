/*
 * ISO 4217, list one:
 * https://www.six-group.com/dam/download/financial-information/data-center/iso-currrency/lists/list-one.xml
 * (with amendment 177), and the codes withdrawn since 2016, which migrated data may still have. Browsers
 * cannot be asked: their locale data says how many decimals people write, which for HUF, IDR and two dozen
 * others differs from what payments count.
 */
const CODES: readonly (readonly [minorUnits: number, codes: string])[] = [
  [
    0,
    `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XAG XAU XBA XBB XBC XBD XDR XOF XPD XPF
     XPT XSU XTS XUA XXX`,
  ],
  [
    2,
    `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
     CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
     GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD
     MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
     PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS
     TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VEF VES WST XCD XCG YER ZAR ZMW ZWG ZWL`,
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
]

const minorUnitsOf = new Map(
  CODES.flatMap(([units, codes]) => codes.split(/\s+/).map((code) => [code, units] as const)),
)

/**
 * How many decimals a currency's smallest unit has; 0 where the list has none (gold). Undefined: there is no
 * such currency.
 */
export const minorUnits = (code: string): number | undefined => minorUnitsOf.get(code)
