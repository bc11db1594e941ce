"""Everything the box should not answer: small talk, essays, other languages, harder questions.

Three kinds, from far to near. FAR has nothing to do with the four domains. NEAR shares their
words ("letter", "capital", "Python", "how many") without being a question they can answer. LONG
puts several sentences together. One template in four never occurs in training at all.
"""

import string
from random import Random

from data.arithmetic import PEOPLE, THINGS
from data.facts import CAPITALS, pairs
from data.row import REFUSAL, Row, split_of
from data.words import KNOWN, syllable

FAR = """
Who are you?
What is your name?
Hello!
Hi there
Good morning
How are you today?
Thanks a lot, that was helpful.
Thank you
What can you do?
Are you a human or a machine?
Tell me a joke.
Tell me a joke about {topic}.
Tell me something interesting.
Write a poem about {topic}.
Write a poem
Write a haiku about {topic}.
Write a short story about {topic} and {topic}.
Write a song about {topic} in the style of {person}.
Write an essay about {topic}.
Write a blog post about {topic} for beginners.
Write a product description for {food}.
Write a cover letter for a job in {topic}.
Write a speech for a wedding.
Write a limerick about {thing}.
Draft an agenda for a meeting on {topic}.
How do I cook {food}?
What is a good recipe for {food}?
How long should I boil {food}?
What goes well with {food}?
Is {food} healthy?
Give me a vegetarian recipe with {food}.
Translate "good morning" to {language}.
Translate this sentence into {language}: I like {topic}.
How do you say thank you in {language}?
What is the {language} word for {thing}?
Traduis cette phrase en anglais: j'aime {topic}.
Wie geht es dir heute?
Was ist die Hauptstadt von Frankreich?
Escribe un poema sobre el mar.
Quel temps fait-il demain?
Who wrote {title}?
Who painted {title}?
When was {person} born?
Who was {person}?
What did {person} discover?
What is {person} famous for?
In which year did {event} begin?
Why did {event} happen?
What were the causes of {event}?
Summarize {event} in one paragraph.
Explain {topic} to a five year old.
Explain how {topic} works.
What is {topic}?
What is the meaning of {topic}?
What is the meaning of life?
Why is {topic} important?
What are the main advantages of {topic}?
What are the pros and cons of {topic}?
What is the difference between {topic} and {topic}?
Compare {topic} with {topic}.
What is the best book about {topic}?
Which is better, {topic} or {topic}?
Do you think {topic} is good for society?
What is your opinion on {topic}?
What do you think about {topic}?
Should I study {topic} or {topic}?
How can I learn {topic} quickly?
How do I get better at {topic}?
Give me five tips for {topic}.
Give me ideas for {topic}.
List ten facts about {topic}.
Recommend me a movie about {topic}.
Recommend a good restaurant in {place}.
What should I visit in {place}?
Plan a three day trip to {place}.
What is the weather in {place} today?
How far is {place} from here?
What time is it in {place}?
How do I get from {place} to {place}?
Is it safe to travel to {place}?
How do I fix a broken {thing}?
How do I clean my {thing}?
How much does a {thing} cost?
Where can I buy a {thing}?
What should I give my {relative} for a birthday?
My {relative} is angry with me, what should I do?
I feel {feeling} today.
Why do I feel so {feeling} all the time?
How do I stop being {feeling}?
What are the symptoms of the flu?
How can I sleep better?
How much water should I drink?
Can I take aspirin with {food}?
Is it legal to {action} in {place}?
How do I {action}?
What is the best way to {action}?
When should I {action}?
Remind me to {action} tomorrow.
Who won the world cup in 2010?
Who is the president of {place}?
What happened in {place} last week?
What is the latest news?
Why is the sky blue?
Why do cats purr?
How does a {thing} work?
How do plants make food?
How old is the universe?
What causes earthquakes?
How does a vaccine work?
What is photosynthesis?
Describe the water cycle.
What is the speed of light?
What does {abbreviation} stand for?
What is {abbreviation}?
Play some music.
Set a timer for ten minutes.
Turn on the lights.
Let's play a game.
Pretend you are {person}.
Act as a teacher and explain {topic}.
You are an expert in {topic}. Give advice.
What would {person} say about {topic}?
Continue the story: once upon a time there was a {thing}.
Finish this sentence: the best thing about {topic} is
Make a table of {topic} and {topic}.
Rewrite this sentence politely: give me the {thing}.
Correct the grammar: she go to {place} yesterday.
Summarize this text: {nonsense} {nonsense} {nonsense} {nonsense} {nonsense}.
Is this sentence grammatical? {nonsense} the {thing} {nonsense}.
What is the moral of {title}?
Give me a quote by {person}.
Tell me about {person}.
Tell me about {topic}.
I want to talk about {topic}.
Ask me a question about {topic}.
{nonsense} {nonsense} {nonsense}?
{nonsense}
what do you know about {nonsense} {nonsense}
help
ok
yes
test
asdf
why?
"""
NEAR = """
What is the population of {place}?
What is the capital of {nowhere}?
Capital of {nowhere}
Name the capital of {nowhere}.
Which city is the capital of {nowhere}?
What currency is used in {place}?
What is the largest city in {place}?
What language do they speak in {place}?
Which continent is {place} in?
What is the highest mountain in {place}?
What is the flag of {place}?
Who founded the capital of {place}?
How many people live in {place}?
Why is it the capital of {place}?
What is capital gains tax in {place}?
How do I raise capital for a startup?
What is the capital structure of a company?
What was the capital of {place} in the middle ages?
What is the boiling point of {element}?
What is the density of {element}?
Who discovered {element}?
What is {element} used for?
What is the melting point of {element} in kelvin?
What colour is {element}?
Write the reaction of {element} with water.
How many neutrons does {element} have?
What is a chemical bond?
Is {element} an element or a compound?
What is a synonym of {word}?
What does the word {word} mean?
Define {word}.
What rhymes with {word}?
Use {word} in a sentence.
What is the etymology of {word}?
Is {word} a noun or a verb?
What is the past tense of {word}?
Translate {word} to {language}.
Give me a sentence with {word} and {word}.
How many syllables does {word} have?
Write a letter to my {relative}.
Write a letter of complaint about {topic}.
Write an email to my boss about {topic}.
How do I set up an email account?
Write a review of a {thing}.
Why is this review negative? The {thing} was {feeling}.
Reply to this review: {nonsense} was {feeling}.
What are the words of the national anthem of {place}?
What letters does the {language} alphabet have?
How many words are there in {title}?
Find the name in this text: {name} went to {place}.
Extract the date: we met on 3 May in {place}.
Summarize the email: {name} says that {topic} is late.
How do I reverse a car?
Reverse the order of events in {event}.
Count the number of cats in the picture.
Write a Python program that plays {title}.
Write a Python class for {topic}.
Write a Python script to download {topic}.
Write a Python function to parse {format}.
Write a Python function to connect to a {system}.
Write a Python function that sends {thing} to a {system}.
Write a Python decorator that measures time.
Write a function to draw a {thing}.
Write a function in {coding} to {action}.
Write a {coding} function that reads {format}.
How do I read {format} in Python?
How do I install Python on {system}?
What is a list comprehension in Python?
What is the difference between {coding} and Python?
Explain what this Python code does: x = [i for i in range({n}) if i % {d}]
Why does my Python code raise a KeyError?
Fix the bug in this code: for i in range({n}) print(i)
Translate this Python code to {coding}: print({n})
Write a SQL query that selects {topic} from a {system}.
Write a regular expression for {format}.
Write unit tests for this function.
Implement quicksort in {coding}.
Implement a {system} in {coding}.
Write a unit test for a {system} in Python.
What does this function return? def f(x): return x + {n}
Is Python better than {coding}?
What is the time complexity of {topic}?
Complete the code: import {nonsense}
Refactor this function to use {abbreviation}.
What is {n} divided by {d}?
{n} / {d}
Divide {n} by {d}.
What is {d} percent of {n}?
What is {d}% of {n}?
What is {n} squared?
What is the square root of {n}?
{n} + {n} + {d}
What is {n} + {n} * {d}?
({n} - {d}) * {d}
{n} ^ {d}
{d}! = ?
What is {huge} + {huge}?
{huge} - {n}
{huge} * {huge}
What is {n}.{d} + {d}.{d}?
{d}/{n} + {d}/{n}
Solve x + {n} = {huge}.
Solve for x: {d}x - {n} = {d}
Find the derivative of x^{d} + {n}x.
What is the integral of {d}x from 0 to {n}?
Is {n} a prime number?
What are the factors of {n}?
What is {n} mod {d}?
Round {n}.{d} to the nearest whole number.
What is the average of {n}, {n} and {n}?
Sort these numbers: {n}, {n}, {d}, {n}
What is the next number: {d}, {n}, {n}?
Convert {n} to binary.
Write {n} in roman numerals.
Convert {n} dollars to euros.
Convert {n} miles to kilometers.
How many {thing}s fit in {n} boxes?
How many days are there between May {d} and June {d}?
What is the area of a circle with radius {n}?
What is the probability of rolling a {d} twice?
How many ways are there to arrange {n} {things}?
What year was it {n} years ago?
How old is {name} if he was born in {huge}?
What happened in {huge}?
What is the sum of the first {n} prime numbers?
Let $f(x) = {d}x + {n}$. What is $f({d})$?
Find all real solutions of \\[x^{d} - {n}x + {d} = 0.\\]
If {d} {things} cost {n} dollars, how much do {n} {things} cost?
{name} is {n} years old and {name} is twice as old. How old will {name} be in {d} years?
{name} drives {n} miles per hour for {d} hours and then {n} miles. How far is that?
"""
LONG = r"""
{name} buys {n} {things} for ${d} each and sells {d} of them for ${n}. {more} How much profit \
does {name} make?
{name} has {n} {things}. {name} gives {d} to a friend and buys {n} more. {more} How many {things} \
does {name} have left?
A class has {n} students. Half of them like {topic} and {d} like {topic}. {more} How many students \
like neither?
{name} earns ${n} per hour and works {d} hours a day. {more} How much does {name} earn in {d} weeks?
A train leaves {place} at {d} and travels {n} miles per hour. {more} When does it reach {place}?
There are {n} {things} in a box, {d} times as many as in another. {more} How many {things} are \
there altogether?
{name} reads {n} pages on Monday, twice as many on Tuesday and {d} on Friday. {more} How many \
pages are left?
A shop sells {things} at {d}% off. {more} What is the total price of {n} {things}?
{more} {more} What should I do?
{more} {more} {more} Which of the following is correct? A. {topic} B. {topic} C. {topic} D. {topic}
Which of the following best describes {topic}? A. {topic} B. {topic} C. {thing} D. {place}
Which of these is true of {topic}?\nA. {nonsense} {topic}\nB. {topic}\nC. {nonsense}\nD. None
In {place}, {more} What is the most likely result?\nA. {d}\nB. {n}\nC. {huge}\nD. 0
Q: {more} Is {name} older than {name}? Think step by step.
Read the passage and answer. {more} {more} Who is {name}?
Given the following text, write a summary. {more} {more} {more}
I have a question about {topic}. {more} Could you explain it in detail and give examples?
You are a helpful assistant. {more} Answer only with the letter.
Premise: {more} Hypothesis: {more} Does the premise entail the hypothesis?
You are given a Python function. Complete the assertion.\ndef f({letter}):\n    return {letter} * \
{d}\nassert f({n}) ==
[PYTHON]\ndef f({letter}, {letter}):\n    {letter}.append({n})\n    return {letter}[{d}]\n[/PYTHON]
A patient of {n} years has felt {feeling} for {d} days. {more} What is the diagnosis?
Let {letter} be a group of order {n}. {more} Find the order of {letter}.
Determine the number of integers {letter} such that ${letter}^{d} < {huge}$. {more}
A ball of mass {d} kg falls from {n} meters. {more} What is its speed?
"""
SENTENCES = """
My {relative} works in {place} and likes {topic}.
Last year {name} bought a {thing} for {n} dollars.
The company in {place} reported that {topic} grew by {d} percent.
We have been thinking about {topic} for a long time.
{name} said that the {thing} was {feeling}.
Some people believe that {topic} is more important than {topic}.
It took {d} hours to {action}.
The {thing} next to the {thing} belongs to {name}.
There were {n} visitors, and {d} of them came from {place}.
{name} usually tries to {action} before noon.
In the study, the effect of {topic} on {topic} was {feeling}.
Each {thing} weighs {n} grams more than the other.
"""
FILL = {
    "topic": (
        "the sea,love,music,politics,climate change,football,artificial intelligence,economics,"
        "history,gardening,machine learning,democracy,inflation,yoga,religion,chess,cooking,"
        "the moon,black holes,evolution,philosophy,marketing,photography,law,medicine,poetry,"
        "war and peace,blockchain,quantum physics,education,nutrition,architecture,the stock "
        "market,running,friendship,happiness,nuclear energy,electric cars,time travel,ethics,"
        "psychology,globalisation,the internet,dinosaurs,volcanoes,insurance,taxes,fashion,"
        "social media,remote work,genetics,supply and demand,the brain,renewable energy"
    ),
    "person": (
        "Einstein,Shakespeare,Mozart,Napoleon,Cleopatra,Marie Curie,Gandhi,Beethoven,Plato,"
        "Ada Lovelace,Newton,Darwin,Picasso,Frida Kahlo,Julius Caesar,Kant,Elvis,Galileo,"
        "Jane Austen,Bob Dylan,Lincoln,Aristotle,Turing,Leonardo da Vinci,Socrates,Tolstoy"
    ),
    "title": (
        "Hamlet,the Mona Lisa,War and Peace,Don Quixote,Guernica,Faust,Moby Dick,the Odyssey,"
        "Star Wars,The Little Prince,the Bible,Snake,Tetris,tic tac toe,Romeo and Juliet,1984"
    ),
    "event": (
        "the French Revolution,the First World War,the Cold War,the Renaissance,the moon landing,"
        "the Great Depression,the fall of Rome,the Industrial Revolution,the Black Death"
    ),
    "food": (
        "rice,pasta,lasagna,eggs,bread,sushi,tomato soup,pancakes,chicken,tofu,curry,an apple pie,"
        "potatoes,fish,beans,chocolate cake,salmon,noodles,a steak,lentils,cheese,spinach"
    ),
    "language": (
        "French,German,Spanish,Italian,Japanese,Chinese,Russian,Portuguese,Arabic,Dutch,Swedish,"
        "Turkish,Hindi,Korean,Latin,Greek,Polish"
    ),
    "relative": "mother,father,sister,brother,boss,friend,wife,husband,son,daughter,neighbour,cat",
    "feeling": (
        "tired,sad,happy,anxious,bored,lonely,angry,confused,terrible,excited,significant,cold"
    ),
    "thing": (
        "car,bike,guitar,phone,laptop,table,lamp,house,dog,boat,camera,chair,printer,washing "
        "machine,door,ticket,coffee machine,violin,engine,sofa,robot,tree,toaster,bridge,fridge"
    ),
    "action": (
        "open a bank account,lose weight,learn to swim,change a tyre,write a book,fish,paint a "
        "wall,quit smoking,start a company,grow tomatoes,adopt a child,save money,tie a tie,sing,"
        "vote,rent a flat,travel alone,ask for a raise,make friends,sort my mail,read the news,"
        "call the doctor,train a dog,build a website,play chess,file my taxes,meditate"
    ),
    "abbreviation": "NATO,HTML,DNA,GDP,LLM,HTTP,CEO,UNESCO,GPU,PDF,ISO,API,REST,XML,RNA,SDK",
    "coding": "JavaScript,Java,Rust,C,C++,Go,Haskell,Ruby,TypeScript,Kotlin,Bash,PHP,Swift,SQL",
    "format": "a CSV file,JSON,a date,XML,a PDF,HTML,an image,a log file,YAML,phone numbers,a URL",
    "system": (
        "database,web server,Windows,linked list,queue,cache,Linux,neural network,binary tree,"
        "chat bot,compiler,hash map,message queue,Mac,thread pool,calculator,game"
    ),
    "element": "iron,gold,oxygen,helium,carbon,copper,sodium,lead,mercury,uranium,neon,silver,tin",
    "more_places": (
        "Texas,California,Bavaria,Ohio,Scotland,Paris,London,New York,Berlin,Tokyo,Africa,Europe,"
        "Mars,the Alps,Siberia,Florida,Tuscany,Rome,Sydney,Chicago"
    ),
}


def draw(rng: Random) -> Row:
    """More of what is near than of what is far: far prompts are easily told apart."""
    kind, templates = rng.choices(
        [("far", FAR_TEMPLATES), ("near", NEAR_TEMPLATES), ("long", LONG_TEMPLATES)],
        [0.45, 0.40, 0.15],
    )[0]
    template = rng.choice(templates)
    prompt = filled(template, rng)
    unseen = split_of(template) != "train"
    content = (template,) if unseen else (template, prompt)
    kind = f"{kind}, unseen template" if unseen else kind
    return Row(prompt, REFUSAL, "none", kind, "", "refusal", content)


def filled(template: str, rng: Random) -> str:
    """Every {slot} gets a filling of its own, and so do the slots of a filling."""
    text = template
    while "{" in text:
        head, _, tail = text.partition("{")
        slot, closed, rest = tail.partition("}")
        assert closed, template
        text = head + filling(slot, rng) + rest
    return text


def filling(slot: str, rng: Random) -> str:
    match slot:
        case "n":
            return str(rng.randint(2, 999))
        case "d":
            return str(rng.randint(2, 9))
        case "huge":
            return str(rng.randint(1000, 99999))
        case "letter":
            return rng.choice(string.ascii_lowercase)
        case "name":
            return rng.choice(PEOPLE.split())
        case "things":
            return rng.choice(THINGS.split())
        case "word":
            return rng.choice(KNOWN)
        case "nonsense":
            return "".join(syllable(rng) for _ in range(rng.randint(1, 3)))
        case "more":
            return rng.choice(SENTENCE_TEMPLATES)
        case "nowhere":
            return filling(rng.choice(("nonsense", "more_places")), rng).title()
        case "place":
            return rng.choice(PLACES)
        case _:
            return rng.choice(FILL[slot].split(","))


def lines(text: str) -> list[str]:
    r"""One template a line; a backslash continues it, and a written \n breaks the prompt's line."""
    joined = text.strip().replace("\\\n", "")
    return [line.replace("\\n", "\n") for line in joined.split("\n")]


FAR_TEMPLATES, NEAR_TEMPLATES, LONG_TEMPLATES = lines(FAR), lines(NEAR), lines(LONG)
SENTENCE_TEMPLATES = lines(SENTENCES)
PLACES = [country for country, _ in pairs(CAPITALS)] + FILL["more_places"].split(",")
