using SeamlessReboot.CrashTests.Load;
using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests;

/// <summary>A plain server, that knows nothing of this: the angel owns its socket, starts the new one, and then asks the old one to go.</summary>
internal sealed class RolloverTests : CrashTest
{
    private const int Rollovers = 20, PerSecond = 100;

    /// <summary>One that says when it is ready, and one that is taken for ready after a while.</summary>
    [TestCase("--notify")]
    [TestCase("--start-delay", "300ms")]
    public async Task Twenty_rollovers_of_a_plain_server_and_nobody_is_refused(string how, string? delay = null)
    {
        if (Programs.Python is not string python)
        {
            Assert.Ignore("There is no python3 on this machine.");
            return;
        }

        int port = Ports.Free();
        string[] options = ["--listen", $"tcp4://127.0.0.1:{port}", .. delay is null ? Array.Empty<string>() : [how, delay]];
        AngelHost host = AngelHost.Launch(Family, Workspace, port, options,
            [python, Programs.OfTests("Programs/plain_server.py"), .. delay is null ? [how] : Array.Empty<string>()]);
        EndWithTest(host);
        await host.Transcript.LineAsync("The server is ready");
        Visitors visitors = new(host.EndPoint, PerSecond);
        using CancellationTokenSource stopping = new();
        Task coming = visitors.ComeAsync(stopping.Token);
        HashSet<int> known = [];
        int current = await visitors.AnsweredByOtherThanAsync(known);
        for (int i = 1; i <= Rollovers; i++)
        {
            known.Add(current);
            Task end = Kernel.EndOf(current);
            Kernel.Send(host.AngelPid, Kernel.Sighup);
            current = await visitors.AnsweredByOtherThanAsync(known);
            await end; // the old one went, by itself
            await visitors.ServedAsync(PerSecond / 4); // and the new one is there for a while
        }

        await stopping.CancelAsync();
        await coming.WaitAsync(Limits.Wait);
        await TestContext.Out.WriteLineAsync($"{Rollovers} rollovers at {PerSecond} connections a second: {visitors.Served} of {visitors.Come} served");
        Assert.Multiple(() =>
        {
            Assert.That(visitors.Failures.First, Is.Empty);
            Assert.That(visitors.Served, Is.EqualTo(visitors.Come));
        });
    }
}
