namespace Talker.Demo;

/// <summary>Everybody talks, and in the middle of it the talker is rebooted.</summary>
internal sealed class Round(Company company, DemoPlayer admin, Ledger ledger, Random random)
{
    private const int FewestLines = 8, Window = 3, LinesBeforeHalf = 2;
    private readonly TaskCompletionSource _rebooted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="interruption">What happens.</param>
    /// <param name="talkers">Who talks, each with a mind of their own.</param>
    /// <param name="writer">Who is in the editor, with half a line typed, and does not talk.</param>
    public async Task<RebootFigures> RunAsync(Interruption interruption, IReadOnlyDictionary<DemoPlayer, Chatter> talkers, Writer? writer)
    {
        if (writer is not null)
            await writer.OpenAsync();
        int enough = ledger.Said + random.Next(2 * talkers.Count, 4 * talkers.Count);
        List<Task> halves = [];
        List<Task> talking = [];
        foreach ((DemoPlayer player, Chatter chatter) in talkers)
        {
            TaskCompletionSource half = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (random.Next(3) == 0)
                halves.Add(half.Task);
            talking.Add(Task.Run(() => TalkAsync(player, chatter, halves.Contains(half.Task) ? half : null)));
        }

        await Task.WhenAll([ledger.WhenSaidAsync(enough), .. halves]).WaitAsync(ledger.Failed);
        RebootFigures figures = RebootFigures.Parse(await InterruptAsync(interruption, writer));
        _rebooted.SetResult();
        await Task.WhenAll(talking).WaitAsync(ledger.Failed);
        if (writer is not null)
            await writer.FinishAsync(admin);
        await ledger.WhenAllArrivedAsync().WaitAsync(ledger.Failed);
        return figures;
    }

    private async Task<string> InterruptAsync(Interruption interruption, Writer? writer)
    {
        if (writer is not null)
            await admin.AskAsync("reboot", $"Not now: {writer.Says}. 'reboot force' does not wait for them, and carries what they have written.");
        if (interruption == Interruption.Countdown)
        {
            company.ExpectAnnouncement("The talker reboots in 2 seconds. You need not do anything.");
            company.ExpectAnnouncement("The talker reboots in 1 second. You need not do anything.");
        }

        if (interruption == Interruption.Crash)
            _ = admin.Inbox.Expect("own", "Crashing.");
        else
            company.ExpectAnnouncement("Rebooting. Talk on.");
        (string command, string reason) = interruption switch
        {
            Interruption.Reboot => ("reboot", $"{admin.Name} asked for it"),
            Interruption.Countdown => ("reboot in 2", $"{admin.Name} asked for it"),
            Interruption.Force => ("reboot force", $"{admin.Name} asked for it"),
            _ => ("crash", $"crash: InvalidOperationException: {admin.Name} typed 'crash'."),
        };
        return await admin.AskAsync(command, $"*** Rebooted ({reason}): pause ", isBeginning: true, sender: "***");
    }

    private async Task TalkAsync(DemoPlayer player, Chatter chatter, TaskCompletionSource? half)
    {
        Queue<Task> answers = [];
        for (int line = 0; line < FewestLines || !_rebooted.Task.IsCompleted; line++)
        {
            if (answers.Count == Window)
                await answers.Dequeue().WaitAsync(ledger.Failed);
            Utterance said = chatter.Next();
            answers.Enqueue(company.Expect(said));
            int stop = half is not null && line == LinesBeforeHalf ? said.Cuts.Count > 0 ? said.Cuts[^1] : said.Bytes.Length / 2 : 0;
            int start = 0;
            foreach (int end in said.Cuts.Append(stop).Append(said.Bytes.Length).Distinct().Order().Where(c => c > 0))
            {
                await player.SendAsync(said.Bytes.AsMemory(start..end));
                start = end;
                if (end == stop)
                {
                    half!.SetResult();
                    await _rebooted.Task.WaitAsync(ledger.Failed);
                }
                else
                {
                    await Task.Yield();
                }
            }

            ledger.CountSaid();
        }

        await Task.WhenAll(answers).WaitAsync(ledger.Failed);
    }
}
