import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EnsembleVersion, formatEnsemble, parseEnsemble } from '../../wire/ensemble-config.ts';
import { WireFault } from '../../wire/fault.ts';
import { mutate } from '../fuzz/mutate.ts';
import { withSeed } from '../kit/seed.ts';

function faultOf(text: string): WireFault {
  try {
    parseEnsemble(text);
  } catch (fault) {
    if (fault instanceof WireFault) return fault;
    throw fault;
  }
  throw new Error(`${text} is taken`);
}

const member = { role: 'participant', clientAddress: null, secureClientAddress: null } as const;

describe('the text of an ensemble', () => {
  const hierarchical = [
    'server.1=a:2888:3888:participant;0.0.0.0:2181',
    'server.2=[fe80:0:0:0:0:0:0:1]:2888:3888:participant;[::1]:2181;b:2281',
    'server.10=10.0.0.1:2888:3888|10.0.1.1:2889:3889:observer;;0.0.0.0:2281',
    'group.1=1',
    'group.2=2:10',
    'weight.1=1',
    'weight.2=0',
    'version=2000000a7',
  ].join('\n');

  test('says who is in it, where, and how votes count', () => {
    expect(parseEnsemble(hierarchical)).toEqual({
      servers: [
        {
          ...member,
          id: 1,
          addresses: [{ host: 'a', quorumPort: 2888, electionPort: 3888 }],
          clientAddress: { host: '0.0.0.0', port: 2181 },
        },
        {
          ...member,
          id: 2,
          addresses: [{ host: 'fe80:0:0:0:0:0:0:1', quorumPort: 2888, electionPort: 3888 }],
          clientAddress: { host: '::1', port: 2181 },
          secureClientAddress: { host: 'b', port: 2281 },
        },
        {
          id: 10,
          addresses: [
            { host: '10.0.0.1', quorumPort: 2888, electionPort: 3888 },
            { host: '10.0.1.1', quorumPort: 2889, electionPort: 3889 },
          ],
          role: 'observer',
          clientAddress: null,
          secureClientAddress: { host: '0.0.0.0', port: 2281 },
        },
      ],
      groups: [
        { id: 1, servers: [1] },
        { id: 2, servers: [2, 10] },
      ],
      weights: [
        { server: 1, weight: 1 },
        { server: 2, weight: 0 },
      ],
      version: 0x2_0000_00a7,
    });
    expect(formatEnsemble(parseEnsemble(hierarchical))).toBe(hierarchical);
  });

  test('keeps the order in which it was written, which for Java is that of a hash table', () => {
    const text = 'server.16=a:1:2:participant\nserver.1=b:1:2:participant\nversion=0';
    expect(formatEnsemble(parseEnsemble(text))).toBe(text);
  });

  test('may be written by hand: comments, blanks, no roles, ports alone, no version', () => {
    const text = '# ours\r\n! and\n\n server.1 = a:1:2 \nserver.2=b:1:2:Observer;2181\nserver.1=c:1:2\n';
    expect(formatEnsemble(parseEnsemble(text))).toBe(
      'server.1=c:1:2:participant\nserver.2=b:1:2:observer;0.0.0.0:2181\nversion=0',
    );
  });

  test('of nobody', () => {
    expect(parseEnsemble('')).toEqual({ servers: [], groups: [], weights: [], version: 0 });
    expect(formatEnsemble(parseEnsemble(''))).toBe('version=0');
  });

  const GROUPED = 'server.1=a:1:2\nserver.2=b:1:2\n';
  test.each([
    ['server.1', 'server.N=, group.N=, weight.N= or version='],
    ['tickTime=2000', 'server.N=, group.N=, weight.N= or version='],
    ['server.=a:1:2', 'a decimal number'],
    ['server.x=a:1:2', 'a decimal number'],
    ['server.-1=a:1:2', 'a decimal number'],
    ['server.9007199254740992=a:1:2', 'a number above 2^53'],
    ['server.1=a:1', 'a:1 is not an address of a server'],
    ['server.1=a:1:2:boss', 'boss is not a role'],
    ['server.1=a:1:2:observer|b:1:2:participant', 'different roles'],
    ['server.1=a:0:2', 'out of range'],
    ['server.1=a:1:65536', 'out of range'],
    ['server.1=a:1:0x2', 'not an integer'],
    ['version=', 'hexadecimal digits'],
    ['version=-1', 'hexadecimal digits'],
    ['version=0x1', 'hexadecimal digits'],
    ['version=ffffffffffffffff', 'a number above 2^53'],
    ['version=10000000000000000', 'hexadecimal digits'],
    [`${GROUPED}group.1=1`, 'server 2 is in no group'],
    [`${GROUPED}weight.1=1`, 'server 1 is in no group'],
    [`${GROUPED}group.1=1:2\ngroup.2=2`, 'server 2 is in two groups'],
    [`${GROUPED}group.1=1:b`, 'a decimal number'],
    [`${GROUPED}group.1=1:2\nweight.1=heavy`, 'a decimal number'],
    [`${GROUPED}group.1=1:2\nweight.1=-1`, 'a decimal number'],
  ])('%j is refused', (text, reason) => {
    expect(faultOf(text).message).toContain(reason);
  });

  test('an observer needs no group', () => {
    expect(parseEnsemble('server.1=a:1:2\nserver.2=b:1:2:observer\ngroup.1=1').groups).toHaveLength(1);
  });
});

const host = fc.constantFrom('a', 'zk-1.example.com', '10.0.0.1', '::1', 'fe80:0:0:0:0:0:0:1');
const port = fc.integer({ min: 1, max: 65_535 });
const id = fc.integer({ min: 0, max: 300 });
const clientAddress = fc.option(fc.record({ host, port }));
const address = fc
  .record({ host, quorumPort: port, electionPort: port })
  .filter(({ quorumPort, electionPort }) => quorumPort !== electionPort);
const server = fc.record({
  id,
  addresses: fc.array(address, { minLength: 1, maxLength: 3 }),
  role: fc.constantFrom('participant' as const, 'observer' as const),
  clientAddress,
  secureClientAddress: clientAddress,
});
const ensemble: fc.Arbitrary<EnsembleVersion> = fc
  .record({
    servers: fc.uniqueArray(server, { selector: ({ id }) => id, maxLength: 7 }),
    grouped: fc.boolean(),
    weight: fc.nat(9),
    version: fc.maxSafeNat(),
  })
  .map(({ servers, grouped, weight, version }) => ({
    servers,
    version,
    groups: grouped && servers.length > 0 ? [{ id: 4, servers: servers.map(({ id }) => id) }] : [],
    weights: grouped ? servers.map(({ id }) => ({ server: id, weight })) : [],
  }));

test('whatever is written is read again', async () => {
  await withSeed('test/wire/ensemble-config.test.ts', (rng) => {
    fc.assert(
      fc.property(ensemble, (value) => {
        expect(parseEnsemble(formatEnsemble(value))).toEqual(value);
      }),
      { seed: rng.seed, numRuns: 500 },
    );
  });
});

test('rubbish is a WireFault, or an ensemble that can be written', async () => {
  await withSeed('test/wire/ensemble-config.test.ts', (rng) => {
    const good = fc
      .sample(ensemble, { seed: rng.seed, numRuns: 50 })
      .map((value) => Buffer.from(formatEnsemble(value)));
    let faults = 0;
    for (let run = 0; run < 20_000; run++) {
      try {
        const read = parseEnsemble(mutate(rng, rng.pick(good)).toString());
        formatEnsemble(read);
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw fault;
        faults++;
      }
    }
    expect(faults).toBeGreaterThan(1000);
  });
});
