using System.Globalization;
using SeamlessReboot.FakeChild;

// A child that does what it is told: FakeChild WORD [ARGUMENT] ... as "WORD" or "WORD ARGUMENT" each. "first FILE" lets what follows,
// up to "then", be done only by the first process that finds no such file; "nth FILE N" only by the first N.
Steps steps = new();
Steps.Print($"started {Environment.ProcessId}");
for (int i = 0; i < args.Length; i++)
{
    string[] step = args[i].Split(' ', 2);
    if (step[0] == "first")
    {
        string[] told = step[1].Split(' ');
        int most = told.Length > 1 ? int.Parse(told[1], CultureInfo.InvariantCulture) : 1;
        int starts = File.Exists(told[0]) ? File.ReadAllLines(told[0]).Length : 0;
        File.AppendAllText(told[0], $"{Environment.ProcessId}\n");
        if (starts >= most)
            i = Array.IndexOf(args, "then", i);
    }
    else if (step[0] != "then")
    {
        string said = steps.Run(step);
        if (said != "ok")
            Steps.Print(said);
    }
}

return 0;
