using System.Text.RegularExpressions;
using SeamlessReboot.Angel.Monitoring;

namespace SeamlessReboot.Angel.Tests.Front;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LogWatchTests : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20), _moment = TimeSpan.FromMilliseconds(150);
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _end = new();

    private string FilePath => _directory["server.log"];

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
        _directory.Dispose();
    }

    [Test]
    public async Task A_line_that_is_added_is_found()
    {
        File.WriteAllText(FilePath, "starting\n");
        Task found = Watch("ready on port [0-9]+$");
        File.AppendAllText(FilePath, "loading\nready on port 4000\n");
        await found.WaitAsync(_limit);
    }

    [Test]
    public async Task What_was_there_before_does_not_count()
    {
        File.WriteAllText(FilePath, "ready\n");
        Task found = Watch("ready");
        File.AppendAllText(FilePath, "starting again\n");
        await StaysOpenAsync(found);
        File.AppendAllText(FilePath, "ready\n");
        await found.WaitAsync(_limit);
    }

    [Test]
    public async Task What_is_written_right_after_the_call_counts()
    {
        for (int i = 0; i < 50; i++)
        {
            string file = _directory[$"{i}.log"];
            Task found = LogWatch.WaitAsync(file, new Regex("ready"), _end.Token);
            File.WriteAllText(file, "ready\n");
            await found.WaitAsync(_limit);
        }
    }

    [Test]
    public async Task The_file_and_its_directory_may_come_later()
    {
        string file = _directory["logs/server.log"];
        Task found = LogWatch.WaitAsync(file, new Regex("ready"), _end.Token);
        await StaysOpenAsync(found);
        Directory.CreateDirectory(_directory["logs"]);
        File.WriteAllText(file, "ready\n");
        await found.WaitAsync(_limit);
    }

    [Test]
    public async Task A_line_written_in_pieces_is_found()
    {
        Task found = Watch("^ready to serve$");
        File.AppendAllText(FilePath, "rea");
        await StaysOpenAsync(found);
        File.AppendAllText(FilePath, "dy to serve");
        await found.WaitAsync(_limit);
    }

    [Test]
    public async Task A_file_that_was_moved_away_is_followed_to_the_new_one()
    {
        File.WriteAllText(FilePath, "old\n");
        Task found = Watch("ready");
        File.Move(FilePath, FilePath + ".1");
        File.WriteAllText(FilePath, "new\n");
        await StaysOpenAsync(found);
        File.AppendAllText(FilePath, "ready\n");
        await found.WaitAsync(_limit);
    }

    [Test]
    public async Task What_comes_into_the_file_that_was_moved_away_is_read_too()
    {
        File.WriteAllText(FilePath, "old\n");
        Task found = Watch("ready");
        File.Move(FilePath, FilePath + ".1");
        File.AppendAllText(FilePath + ".1", "ready\n");
        File.WriteAllText(FilePath, "new\n");
        await found.WaitAsync(_limit);
    }

    [Test]
    public async Task A_file_that_was_cut_short_is_read_from_its_beginning()
    {
        File.WriteAllText(FilePath, "a long line of the last run\n");
        Task found = Watch("ready");
        File.WriteAllText(FilePath, "ready\n");
        await found.WaitAsync(_limit);
    }

    [Test]
    public async Task A_lot_is_read_to_its_end()
    {
        Task found = Watch("^ready$");
        await File.WriteAllLinesAsync(FilePath, [.. Enumerable.Repeat("noise äöü", 50_000), "ready"]);
        await found.WaitAsync(_limit);
    }

    [Test]
    public void The_wait_can_be_ended()
    {
        Task found = Watch("ready");
        _end.Cancel();
        Assert.That(async () => await found.WaitAsync(_limit), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_pipe_in_its_place_holds_nobody_up()
    {
        Assert.That(Mono.Unix.Native.Syscall.mkfifo(FilePath, (Mono.Unix.Native.FilePermissions)0x180), Is.Zero);
        await StaysOpenAsync(Watch("ready"));
    }

    private Task Watch(string pattern) => LogWatch.WaitAsync(FilePath, new Regex(pattern), _end.Token);

    private static async Task StaysOpenAsync(Task task)
    {
        await Task.WhenAny(task, Task.Delay(_moment));
        Assert.That(task.IsCompleted, Is.False);
    }
}
