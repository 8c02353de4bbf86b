// What the image runs: without arguments a server, configured by /conf/zoo.cfg or the environment; with arguments the command line.
import { runProgram } from '../program.ts';
import { runServer } from '../server.ts';
import { prepareContainer } from './prepare.ts';

if (process.argv.length > 2) await runProgram();
else await runServer(prepareContainer(process.env));
