import assert from "node:assert/strict";
import { porterStem } from "./porter_stemmer.ts";

/**
 * Words, each with its stem by NLTK 3.8, `PorterStemmer().stem(word)`: the irregular forms, the
 * examples of Porter's paper, words at which the original algorithm differs, and words of one rule's
 * suffix alone.
 */
const WORDS_AND_STEMS = `
  sky sky skies sky dying die lying lie tying tie news news innings inning inning inning
  outings outing outing outing cannings canning canning canning howe howe proceed proceed
  exceed exceed succeed succeed caresses caress ponies poni ties tie dies die lies lie pies pie
  caress caress cats cat flies fli buses buse gas ga bias bia this thi yes ye thus thu feed feed
  agreed agre plastered plaster bled bled motoring motor sing sing conflated conflat
  troubled troubl sized size hopping hop tanned tan falling fall hissing hiss fizzed fizz
  failing fail filing file spied spi died die tried tri denied deni ied i lied lie hoped hope
  hopped hop upped up added ad ebbing eb ageing age owned own fixing fix boxed box playing play
  prayed pray needed need seed seed freed freed bed bed red red ring ring king king thing thing
  being be doing do going go seeing see using use owing owe aging age aced ace egging eg
  erring er happy happi spy spi fly fli try tri by by say say enjoy enjoy enjoys enjoy
  enjoyed enjoy enjoyment enjoy employer employ valley valley monkeys monkey toys toy cry cri
  ivy ivi dry dri relational relat conditional condit rational ration valency valenc
  hesitancy hesit digitizer digit conformably conform radically radic differently differ
  vilely vile analogously analog vietnamization vietnam predication predic operator oper
  feudalism feudal decisiveness decis hopefulness hope callousness callous formality formal
  sensitivity sensit sensibility sensibl rationally ration totally total ally alli rally ralli
  finally final nationally nation allways allway additionally addit beautifully beauti
  carefully care successfully success fully fulli geology geolog geologic geolog theology theolog
  archaeology archaeolog biology biolog zoology zoolog apology apolog analogy analog logic logic
  ideology ideolog possibly possibl terribly terribl nobly nobli ably abli bubbly bubbl
  responsibly respons probably probabl triplicate triplic formative form formalize formal
  electricity electr electrical electr hopeful hope goodness good native nativ relative rel
  alike alik critical critic toxicity toxic witness wit harness har revival reviv allowance allow
  inference infer airliner airlin gyroscopic gyroscop adjustable adjust defensible defens
  irritant irrit replacement replac adjustment adjust dependent depend adoption adopt
  homologou homolog communism commun activate activ angularity angular homologous homolog
  effective effect bowdlerize bowdler union union ion ion onion onion lion lion action action
  nation nation million million probate probat rate rate cease ceas controll control roll roll
  tree tree see see ease eas area area be be he he the the care care fire fire face face
  these these note note syzygy syzygi yyyy yyyi yellow yellow toyed toy yyed yy eying eye
  gypsies gypsi rhythms rhythm crypt crypt dye dye eye eye eyed eye bye bye generalizations gener
  oscillators oscil connection connect connected connect connecting connect connections connect
  connective connect troubles troubl private privat oaten oaten orrery orreri abatements abat
  abate abat abated abat abilities abil ability abil able abl university univers
  universal univers universe univers organization organ organize organ organ organ 2000s 2000
  1st 1st 42 42 007 007 3d 3d a1b2 a1b2 x86ing x86ing 90ies 90i 4ed 4ed 50ing 50ing w00t w00t
  mp3s mp3 hers her was wa has ha does doe dated date easily easili daily daili daisies daisi
  cities citi city citi quickly quickli running run runner runner ran ran conveyed convey
  tuesday tuesday saturdays saturday airways airway cowboy cowboy betrayed betray
  berkeley berkeley causeway causeway international intern internationally intern
  operational oper operate oper operating oper operations oper operative oper abominably abomin
  electrify electrifi electrified electrifi identify identifi identified identifi simply simpli
  simplified simplifi reply repli replies repli replied repli argument argument
  arguments argument argue argu argued argu arguing argu document document documented document
  government govern governing govern falsification falsif certification certif
  formalization formal realizing realiz realised realis agency agenc agencies agenc
  frequency frequenc frequencies frequenc fluency fluenci vacancy vacanc infancy infanc size size
  sizing size prizes prize seizing seiz quizzed quizz buzzing buzz sadly sadli gladly gladli
  costly costli lovely love family famili families famili only onli early earli likely like
  ations ation ational ation tional tional ness ness ful ful ing ing ed ed ies i es es s s ss ss
  sses ss
`.trim().split(/\s+/);

Deno.test("porterStem() gives the stems of NLTK", () => {
  const stems: string[] = [];
  for (let i = 0; i < WORDS_AND_STEMS.length; i += 2) {
    stems.push(WORDS_AND_STEMS[i]!, porterStem(WORDS_AND_STEMS[i]!));
  }
  assert.deepEqual(stems, WORDS_AND_STEMS);
});

Deno.test("porterStem() leaves words of one and two letters alone", () => {
  for (const word of ["", "s", "as", "ed", "by"]) assert.equal(porterStem(word), word);
});
